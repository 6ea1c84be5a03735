import { defineSettings } from '../../ui/setting'

/** How the canvas behaves and looks; `canvas-settings.ts` hands it to the editor. */
export default defineSettings({
  id: 'canvas',
  title: 'label.settings.title',
  order: 20,
  fields: {
    keepTool: { kind: 'switch', title: 'label.settings.keepTool', hint: 'label.settings.keepToolHint', default: false },
    singleClass: {
      kind: 'switch',
      title: 'label.settings.singleClass',
      hint: 'label.settings.singleClassHint',
      default: false,
    },
    squares: { kind: 'switch', title: 'label.settings.squares', default: false },
    snapPixels: {
      kind: 'switch',
      title: 'label.settings.snapPixels',
      hint: 'label.settings.snapPixelsHint',
      default: true,
    },
    snapEdges: { kind: 'switch', title: 'label.settings.snapEdges', default: false },
    crosshair: { kind: 'switch', title: 'label.settings.crosshair', default: true },
    loupe: { kind: 'switch', title: 'label.settings.loupe', default: false },
    showNames: { kind: 'switch', title: 'label.settings.showNames', default: true },
    fillShapes: { kind: 'switch', title: 'label.settings.fillShapes', default: true },
    showKeypointNames: { kind: 'switch', title: 'label.settings.showKeypointNames', default: false },
    keepZoom: { kind: 'switch', title: 'label.settings.keepZoom', default: false },
    reviewedOnNext: {
      kind: 'switch',
      title: 'label.settings.reviewedOnNext',
      hint: 'label.settings.reviewedOnNextHint',
      default: false,
    },
    keypointPlacement: {
      kind: 'choice',
      title: 'label.settings.keypointPlacement',
      default: 'template',
      options: {
        template: 'label.settings.template',
        sequence: 'label.settings.sequence',
        loop: 'label.settings.loop',
      },
    },
    thumbnailSize: {
      kind: 'choice',
      title: 'label.settings.thumbnailSize',
      default: 'medium',
      options: { small: 'label.settings.small', medium: 'label.settings.medium', large: 'label.settings.large' },
    },
    thumbnailBoxes: { kind: 'switch', title: 'label.settings.thumbnailBoxes', default: true },
  },
})
