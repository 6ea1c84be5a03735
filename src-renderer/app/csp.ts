/** First import of the window: zod compiles parsers with `new Function` unless told otherwise, which the CSP forbids. */
import { z } from 'zod'

z.config({ jitless: true })
