import { createRoot } from 'react-dom/client'
import { Page } from './page.tsx'

const root = document.getElementById('page')
if (root === null) throw new Error('index.html has an element named page')
createRoot(root).render(<Page />)
