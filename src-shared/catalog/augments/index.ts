/** All augments, by file name, and the recipe's `augment` list. */
import { describeIssue } from '../../base/describe-issue'
import { nearest, registry } from '../../base/registry'
import { TagwrightError } from '../../base/errors'
import { plainPlan, type AugmentPlan, type PlainContext } from '../augment-plan'
import type { Augment } from '../define-augment'

export const augments = registry<Augment>(
  'augment',
  import.meta.glob<Augment>('./*.ts', { eager: true, import: 'default' }),
)

/** One entry of the recipe's `augment` list: the id and that augment's own parameters. */
export type AugmentSpec = { id: string } & Record<string, unknown>

export interface ResolvedAugment {
  id: string
  augment: Augment
  params: Record<string, unknown>
}

/**
 * Fills in defaults and checks parameters; the order of the list is the order of application.
 * Throws `unknown-id` or `bad-recipe` with the key, the value and the nearest known key.
 */
export function resolveAugments(specs: readonly AugmentSpec[]): ResolvedAugment[] {
  return specs.map(({ id, ...params }, position) => {
    const augment = augments.get(id)
    const result = augment.params.safeParse(params)
    if (result.success) return { id, augment, params: result.data }
    const issue = result.error.issues[0]
    const at = `augment[${position}] (${id})`
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(augment.params.parse({}) as object)
      const hint = nearest(issue.keys[0], known)
      throw new TagwrightError(
        'bad-recipe',
        `${at} has no parameter "${issue.keys[0]}".${hint ? ` Did you mean "${hint}"?` : ''} Known: ${known.join(', ')}.`,
        { key: issue.keys[0], known },
      )
    }
    throw new TagwrightError(
      'bad-recipe',
      `${at} parameter "${issue.path.join('.')}" ${describeIssue(issue, params)}`,
      {
        key: issue.path.join('.'),
      },
    )
  })
}

/** Draws the plan of one image. `closing`: leave out the augments that close in the last epochs. */
export function drawPlan(
  list: readonly ResolvedAugment[],
  ctx: PlainContext,
  size: { width: number; height: number },
  closing: boolean,
): AugmentPlan {
  const plan = plainPlan(ctx, size.width, size.height)
  for (const [i, { augment, params }] of list.entries()) {
    if (closing && augment.closes) continue
    const before = (sample: number) => drawPlan(list.slice(0, i), { ...ctx, sample }, size, closing)
    augment.apply(plan, params, { ...ctx, before })
  }
  return plan
}

/** The published defaults of YOLOX (`yolox_base.py` and the nano and tiny experiment files). */
export function yoloxAugments(model: string): AugmentSpec[] {
  const nano = model.includes('nano')
  const small = nano || model.includes('tiny')
  return [
    { id: 'mosaic', p: nano ? 0.5 : 1 },
    { id: 'affine', degrees: 10, translate: 0.1, shear: 2, scale: small ? [0.5, 1.5] : [0.1, 2] },
    ...(small ? [] : [{ id: 'mixup', p: 1, scale: [0.5, 1.5] }]),
    { id: 'hsv' },
    { id: 'flip', p: 0.5 },
  ]
}
