/** The window starts here: connection, stores, locales, then the frame around the views. */
import './csp'
import '../ui/tokens.css'
import '../ui/base.css'
import { createApp } from 'vue'
import { createPinia } from 'pinia'
import { connect } from '../client/api'
import { i18n } from '../locales'
import App from './app.vue'

const app = createApp(App)
app.use(createPinia())
app.use(i18n)
connect()
app.mount('#app')
