/** A step of the history is stored with these words; English shows them as they are. */
export { reasons as default } from '@shared/domain/reason'
