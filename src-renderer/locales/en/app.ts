export default {
  connection: {
    connecting: 'Connecting…',
    open: 'Connected',
    lost: 'The connection to the core is lost. It is dialled again; nothing that was saved is lost.',
  },
}
