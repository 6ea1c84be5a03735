/** The core says these in English itself. */
export { healthWords as default } from '@shared/domain/health-words'
