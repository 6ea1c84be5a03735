/** The core says these in English itself. */
export { systemWords as default } from '@shared/base/system-words'
