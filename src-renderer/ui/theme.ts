/** Look of the component library, derived from the tokens of `tokens.css`, so that both always agree. */
import { darkTheme, type GlobalTheme, type GlobalThemeOverrides } from 'naive-ui'

export interface Look {
  theme: GlobalTheme | null
  overrides: GlobalThemeOverrides
}

/** Sets the tokens of a theme on the page and answers what the component library needs. */
export function applyTheme(dark: boolean): Look {
  const root = document.documentElement
  root.dataset.theme = dark ? 'dark' : 'light'
  const style = getComputedStyle(root)
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const states = (name: string, color: string) => ({
    [`${name}Color`]: color,
    [`${name}ColorHover`]: color,
    [`${name}ColorPressed`]: color,
    [`${name}ColorSuppl`]: color,
  })
  const solid = Object.fromEntries(
    ['', 'Hover', 'Pressed', 'Focus', 'Disabled'].flatMap((state) =>
      ['Primary', 'Info', 'Success', 'Warning', 'Error'].map((type) => [
        `textColor${state}${type}`,
        token('on-accent'),
      ]),
    ),
  )
  const overrides: GlobalThemeOverrides = {
    common: {
      ...states('info', token('info')),
      ...states('success', token('success')),
      ...states('warning', token('warning')),
      ...states('error', token('danger')),
      primaryColor: token('accent'),
      primaryColorHover: token('accent-hover'),
      primaryColorPressed: token('accent-pressed'),
      primaryColorSuppl: token('accent'),
      fontFamily: token('font'),
      fontFamilyMono: token('font-mono'),
      fontSize: token('text-size'),
      fontSizeMini: token('text-small'),
      fontSizeTiny: token('text-small'),
      fontSizeSmall: token('text-size'),
      fontSizeMedium: token('text-size'),
      fontSizeLarge: token('text-large'),
      heightTiny: '22px',
      heightSmall: '26px',
      heightMedium: token('control'),
      heightLarge: '34px',
      borderRadius: token('radius'),
      borderRadiusSmall: '4px',
      textColorBase: token('text'),
      textColor1: token('text'),
      textColor2: token('text-2'),
      textColor3: token('text-3'),
      textColorDisabled: token('text-disabled'),
      placeholderColor: token('text-3'),
      iconColor: token('text-3'),
      iconColorHover: token('text-2'),
      borderColor: token('border'),
      dividerColor: token('border'),
      bodyColor: token('bg'),
      cardColor: token('surface'),
      modalColor: token('raised'),
      popoverColor: token('raised'),
      tableColor: token('surface'),
      tableHeaderColor: token('surface'),
      inputColor: token('surface'),
      inputColorDisabled: token('sunken'),
      hoverColor: token('hover'),
      pressedColor: token('pressed'),
      tagColor: token('sunken'),
      actionColor: token('bg'),
      codeColor: token('sunken'),
      progressRailColor: token('pressed'),
      railColor: token('border-strong'),
      closeIconColor: token('text-3'),
      boxShadow2: token('shadow-high'),
    },
    Button: solid,
    Tooltip: { color: token('text'), textColor: token('bg'), padding: '4px 8px' },
    Input: { border: `1px solid ${token('border-strong')}` },
    Checkbox: { border: `1px solid ${token('border-strong')}`, color: token('surface') },
    Tabs: { tabFontSizeSmall: token('text-size'), tabTextColorLine: token('text-2') },
    Dialog: { borderRadius: token('radius-large'), titleFontSize: token('text-large'), iconSize: '20px' },
    Card: { borderRadius: token('radius-large'), titleFontSizeSmall: token('text-large') },
  }
  return { theme: dark ? darkTheme : null, overrides }
}
