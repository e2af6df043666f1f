/** Arguments of Node with which a package is not found, as if nobody had installed it. */
export function withoutPackage(name: string): readonly string[] {
  const hooks = `export const resolve = (name, context, next) => {
    if (name.startsWith(${JSON.stringify(name)})) throw Object.assign(new Error('not here'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  }`
  const register = `import { register } from 'node:module'
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)})`
  return ['--import', `data:text/javascript,${encodeURIComponent(register)}`]
}
