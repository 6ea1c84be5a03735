/** Tells when something that should give signs of life has been silent for too long. */
export interface SilenceWatch {
  /** It lives. */
  sign(): void
  close(): void
}

/**
 * @param limit ms. Time in which this process itself got no turn, as while the machine slept, does not count: what is
 *   watched got none either, and its signs lie unread.
 * @param onSilent gets the ms of silence, again and again until the watch is closed.
 */
export function watchSilence(limit: number, onSilent: (silence: number) => void): SilenceWatch {
  const period = Math.min(1000, limit / 4)
  let silence = 0
  let lastLook = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    silence += Math.min(now - lastLook, 2 * period)
    lastLook = now
    if (silence > limit) onSilent(silence)
  }, period)
  return {
    sign() {
      silence = 0
    },
    close: () => clearInterval(timer),
  }
}
