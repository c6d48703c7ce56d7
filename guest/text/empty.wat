;; A component with nothing in it: valid, and nothing in it can be called.
(component)
