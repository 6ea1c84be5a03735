/** Crops of an epoch at least, where a recipe leaves it open. */
const FEWEST = 400

/** Crops of each of so many images in an epoch. */
export const cropsOf = (crops: number | 'auto', images: number): number =>
  crops === 'auto' ? Math.max(1, Math.ceil(FEWEST / Math.max(1, images))) : crops
