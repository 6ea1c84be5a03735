/** What is done with the newest trained run, by name: a person looks for the deed, not for the part of a view it is in. */
import { ChartLine, Package, WandSparkles } from '@lucide/vue'
import { defineAction } from '../../actions/action'
import { useNavigation } from '../../stores/navigation'
import { useRuns } from '../../stores/runs'
import { useSession } from '../../stores/session'

/** The run that is looked at where it has weights, else the newest that has. */
const trained = () => {
  const runs = useRuns()
  const done = runs.runs.filter(({ best }) => best !== null)
  return done.find(({ id }) => id === runs.selected) ?? done[0]
}
const open = (id: string, icon: typeof Package, { tab, when = () => true }: { tab: string; when?: () => boolean }) =>
  defineAction({
    id: `runs.${id}`,
    title: `runs.actions.${id}`,
    group: 'runs.title',
    menu: 'run',
    icon,
    when: () => useSession().project !== null && trained() !== undefined && when(),
    run: () => useNavigation().go('runs', { run: trained()!.id, tab }),
  })

export default [
  open('results', ChartLine, { tab: 'results' }),
  open('export', Package, { tab: 'export' }),
  open('clean', WandSparkles, { tab: 'export', when: () => useSession().truth === 'image' }),
]
