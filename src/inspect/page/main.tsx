import { render } from 'preact'
import { App } from './app.js'
import { openBackend } from './backend.js'

const root = document.getElementById('page')
if (root !== null) render(<App backend={openBackend()} />, root)
