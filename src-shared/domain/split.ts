import { z } from 'zod'

/** Which part of the data a sample belongs to; `null` in rows means not assigned yet. */
export const splitSchema = z.enum(['train', 'val', 'test'])
export type Split = z.infer<typeof splitSchema>
