/** Where the window keeps what a person chose: at hand in the browser, and with the core, so that every window has it. */
const key = 'tagwright.preferences'

export function loadPreferences(): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null')
  } catch {
    return null
  }
}

export function savePreferences(values: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(values))
  } catch {
    // Storage that is full or forbidden costs the memory of choices, not the choices.
  }
}

/** Calls `listener` when another window stored something. */
export function onPreferences(listener: (stored: unknown) => void): void {
  window.addEventListener('storage', (event) => {
    if (event.key === key && event.newValue !== null) listener(JSON.parse(event.newValue))
  })
}
