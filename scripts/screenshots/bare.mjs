/** A project with nothing in it: every view says what comes next. */
export default ['label', 'labels', 'data', 'train', 'runs', 'review', 'models', 'video'].map((view) => ({
  name: `bare-${view}`,
  view,
  project: 'bare',
}))
