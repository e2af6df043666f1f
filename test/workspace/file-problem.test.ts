import { describe, expect, test } from 'vitest'
import { reconciliationError } from '../../src/errors.js'
import { asFileProblem, fileProblem, inWords } from '../../src/workspace/file-problem.js'
import { CrashError, systemError } from '../fakes/fault-file-system.js'

const action = { path: '/w/workdir/batch_input_7.jsonl', action: 'write', index: '7' }

describe('what the disk refuses', () => {
  test.each([
    ['ENOSPC', 'DiskFull', false],
    ['EDQUOT', 'DiskFull', false],
    ['EACCES', 'PermissionDenied', false],
    ['EPERM', 'PermissionDenied', false],
    ['EROFS', 'PermissionDenied', false],
    ['EISDIR', 'NotARegularFile', false],
    ['EBUSY', 'FileSystemError', true],
    ['EMFILE', 'FileSystemError', true],
    ['ENFILE', 'FileSystemError', true],
    ['EAGAIN', 'FileSystemError', true],
    ['ENOENT', 'FileSystemError', false],
    ['EIO', 'FileSystemError', false],
    ['EWHATEVER', 'FileSystemError', false],
  ])('with %s is %s', (systemCode, code, isPassing) => {
    const cause = systemError(systemCode, action.path)
    const error = fileProblem(cause, action)
    expect(error).toMatchObject({ code, index: '7', cause })
    expect(error.problem.isPassing === true).toBe(isPassing)
    expect(error.message).toMatch(/^Could not write \/w\/workdir\/batch_input_7\.jsonl: .+ \(E\w+\)\.$/)
    expect(error.hint).toBeTruthy()
    expect(error.facts).toMatchObject({ path: action.path, systemCode })
  })

  test('asks for no rights where nobody has any: a file system that is mounted read-only', () => {
    const [readOnly, denied] = ['EROFS', 'EACCES'].map(
      (code) => fileProblem(systemError(code, action.path), action).hint,
    )
    expect(readOnly).toContain('Mount it so that it can be written')
    expect(denied).toContain('Give this user the right')
  })

  test('is said once: an error that says it already stays as it is', () => {
    const first = reconciliationError({ code: 'DoneFileConflict', message: 'm' })
    expect(fileProblem(first, action)).toBe(first)
  })

  test('is put into words at the door where nobody has: with the path, or the root where the system names none', () => {
    const named = systemError('EIO', '/w/workdir/batch_input_7.jsonl')
    expect(inWords(named, '/w')).toMatchObject({ code: 'FileSystemError', facts: { path: action.path } })
    const nameless = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' })
    expect(inWords(nameless, '/w')).toMatchObject({
      message: 'Could not read a file of /w: the disk could not read or write (EIO).',
    })
    for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), null])
      expect(inWords(other, '/w')).toBe(other)
  })

  test('is never made of an error that is not the system’s', () => {
    const crash = new CrashError('gone')
    expect(() => asFileProblem(action)(crash)).toThrow(crash)
    expect(() => asFileProblem(action)(systemError('EIO', 'x'))).toThrow(/Could not write/)
  })
})
