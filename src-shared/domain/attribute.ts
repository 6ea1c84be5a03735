/** Own key/values of annotations, and what a project says about them. */
import { z } from 'zod'

export const attributeValueSchema = z.union([z.string().max(10_000), z.number(), z.boolean()])
export type AttributeValue = z.infer<typeof attributeValueSchema>
export const attributesSchema = z.record(z.string().min(1).max(200), attributeValueSchema)
export type Attributes = z.infer<typeof attributesSchema>

const common = {
  name: z.string().trim().min(1).max(200),
  /** Only offered on these label ids; empty: on all. */
  labels: z.array(z.int()).default([]),
}
export const attributeSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...common, type: z.literal('text') }),
  z.strictObject({
    ...common,
    type: z.literal('number'),
    min: z.number().nullable().default(null),
    max: z.number().nullable().default(null),
  }),
  z.strictObject({ ...common, type: z.literal('choice'), choices: z.array(z.string().min(1).max(200)).min(1) }),
  z.strictObject({ ...common, type: z.literal('boolean') }),
])
export type Attribute = z.infer<typeof attributeSchema>

/** Why a value does not suit its attribute, as one sentence; null: it does. */
export function attributeFault(attribute: Attribute, value: AttributeValue): string | null {
  const { name, type } = attribute
  const wanted = type === 'text' || type === 'choice' ? 'string' : type
  if (typeof value !== wanted) return `"${name}" takes a ${type}; ${JSON.stringify(value)} is a ${typeof value}.`
  if (type === 'choice' && !attribute.choices.includes(value as string))
    return `"${name}" has no choice ${JSON.stringify(value)}. Choose one of: ${attribute.choices.join(', ')}.`
  if (type === 'number') {
    const { min, max } = attribute
    if ((min !== null && (value as number) < min) || (max !== null && (value as number) > max))
      return `"${name}" takes numbers from ${min ?? 'any'} to ${max ?? 'any'}; ${String(value)} is outside.`
  }
  return null
}
