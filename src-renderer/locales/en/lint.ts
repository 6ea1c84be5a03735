/** The core says these in English itself. */
export { lintWords as default } from '@shared/domain/lint-words'
