export default {
  title: 'History',
  empty: 'Nothing to undo yet',
  emptyText: 'Every change is listed here, across images and restarts. A click goes back to it.',
  rows: '{count} row | {count} rows',
  undone: 'undone',
  goBack: 'Go back to the state after this step',
  goForth: 'Redo up to this step',
  more: 'Show older steps',
  changedSince: 'An import or a job has changed some of these rows since.',
  skip: 'Leave those rows alone',
}
