// Sums vitest's JSON reports of a folder: `node scripts/sum-tests.mjs <folder>`.
// Lists failures, tests that passed at their second try and the reasons of skips, then prints "N passed, N failed, N skipped" alone on the last line.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const folder = process.argv[2]
const count = { passed: 0, failed: 0, skipped: 0 }
const failed = []
const retried = []
const reasons = new Map()
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

for (const file of files) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  for (const { name, status, message, assertionResults } of report.testResults) {
    const where = relative(process.cwd(), name)
    for (const test of assertionResults) {
      if (test.status === 'passed') {
        count.passed++
        // Vitest keeps what the first try said.
        const [first] = test.failureMessages ?? []
        if (first) retried.push(`${where}: ${test.fullName}: ${first.split('\n')[0]}`)
      } else if (test.status === 'failed') {
        count.failed++
        failed.push(`${where}: ${test.fullName}`)
      } else {
        count.skipped++
        const reason = /\[(needs .*)\]/.exec(test.fullName)?.[1] ?? `${where}: ${test.fullName}`
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
    }
    // A file that could not be loaded has no tests to count, and is a failure all the same.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
      count.failed++
      failed.push(`${where}: ${message.split('\n')[0]}`)
    }
  }
}
for (const [reason, times] of reasons) console.log(`skipped ${times}: ${reason}`)
for (const line of retried) console.log(`passed at the second try: ${line}`)
for (const line of failed) console.log(`failed: ${line}`)
if (files.length === 0) console.log(`No test report in ${folder}: nothing ran.`)
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = count.failed > 0 || files.length === 0 ? 1 : 0
