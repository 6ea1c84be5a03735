/** The window starts here: connection, stores, locales, then the frame around the views. */
import './csp'
import '../ui/tokens.css'
import { createApp } from 'vue'
import { createPinia } from 'pinia'
import { connect } from '../client/api'
import { createLocales } from '../locales'
import App from './app.vue'

const app = createApp(App)
app.use(createPinia())
app.use(createLocales())
connect()
app.mount('#app')
