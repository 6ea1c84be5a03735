/** Stages of the family from input to output: see ModelDef.layers. The neck is what is left of `backbone`. */
export const yoloxLayers: readonly string[] = [
  ...['stem', 'dark2', 'dark3', 'dark4', 'dark5'].map((stage) => `backbone.backbone.${stage}`),
  'backbone',
  'head',
]
