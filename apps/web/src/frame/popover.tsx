import { useEffect, useId, useRef, useState, type ReactElement, type ReactNode } from 'react'

interface PopoverProps {
  /** What stands on the button. */
  readonly label: ReactNode
  /** For who does not see it; also names the panel. */
  readonly name: string
  readonly className?: string
  /** Makes the panel's content; `close` after a choice. */
  readonly children: (close: () => void) => ReactNode
}

/** A button that opens a panel below it. Escape and a click elsewhere close it. */
export function Popover({ label, name, className = '', children }: PopoverProps): ReactElement {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  useEffect(() => {
    if (!isOpen) return undefined
    const onPointer = (event: PointerEvent): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false)
    }
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      setOpen(false)
      button.current?.focus()
    }
    addEventListener('pointerdown', onPointer)
    addEventListener('keydown', onKey, { capture: true })
    return () => {
      removeEventListener('pointerdown', onPointer)
      removeEventListener('keydown', onKey, { capture: true })
    }
  }, [isOpen])
  return (
    <div className={`popover ${className}`} ref={root}>
      <button type="button" ref={button} aria-haspopup="dialog" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} onClick={() => { setOpen(!isOpen) }} title={name}>{label}<span className="caret" aria-hidden="true" /></button>
      {isOpen ? <div className="popover-panel" role="dialog" id={id} aria-label={name}>{children(() => { setOpen(false) })}</div> : null}
    </div>
  )
}
