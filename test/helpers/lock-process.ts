/** Takes the lock of the folder given, tells the parent what it got and stays alive. */
import { acquireLock } from '../../src-main/host/lock'

const result = await acquireLock(process.argv[2])
if ('lock' in result) {
  setTimeout(() => result.lock.setEndpoint({ url: `ws://127.0.0.1/${process.pid}`, token: 'x' }), 50)
  process.send!('owner')
} else {
  process.send!(`attached to ${result.owner.endpoint.url}`)
}
setInterval(() => {}, 1000)
