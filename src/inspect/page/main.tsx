import { render } from 'preact'

const root = document.getElementById('page')
if (root !== null) render(<h1>batch-reconciler</h1>, root)
