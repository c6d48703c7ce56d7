;; A command for WASI 0.1, a core module: prints one line on stdout.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  ;; One iovec at 0: pointer 16, length 21. fd_write stores the count at 8.
  (data (i32.const 0) "\10\00\00\00\15\00\00\00")
  (data (i32.const 16) "Hello from preview 1\0a")
  (func (export "_start")
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
      (then (call $proc_exit (i32.const 1))))))
