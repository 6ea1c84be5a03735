export default {
  connection: {
    connecting: '正在连接…',
    open: '已连接',
    lost: '与核心进程的连接已断开，正在重新连接；已保存的内容不会丢失。',
  },
}
