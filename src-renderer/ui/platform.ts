/** Apple keyboards have Command where others have Control. */
export const isMac = /Mac|iPod|iPhone|iPad/.test(navigator.platform)
