/** Views whose first picture stands in the README. */
export default [
  { name: 'label', view: 'label', docs: 'label' },
  { name: 'train', view: 'train', docs: 'train' },
]
