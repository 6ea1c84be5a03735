export default { title: 'Welcome', none: 'No project is open.' }
