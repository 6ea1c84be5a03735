export default { title: '欢迎', none: '没有打开的项目。' }
