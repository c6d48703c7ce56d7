//! Support for small programs that call `wasi_snapshot_preview1` directly: no standard library, so that
//! each of them is some hundred bytes and shows exactly what it calls.
#![no_std]

use core::panic::PanicInfo;

/// Numbers of `errno` (typenames.witx).
#[allow(missing_docs)]
pub mod errno {
    pub const SUCCESS: i32 = 0;
    pub const BADF: i32 = 8;
    pub const DQUOT: i32 = 19;
    pub const EXIST: i32 = 20;
    pub const FBIG: i32 = 22;
    pub const ILSEQ: i32 = 25;
    pub const INVAL: i32 = 28;
    pub const ISDIR: i32 = 31;
    pub const LOOP: i32 = 32;
    pub const MFILE: i32 = 33;
    pub const NAMETOOLONG: i32 = 37;
    pub const NOENT: i32 = 44;
    pub const NOTDIR: i32 = 54;
    pub const NOTEMPTY: i32 = 55;
    pub const NOTSOCK: i32 = 57;
    pub const NOTSUP: i32 = 58;
    pub const PERM: i32 = 63;
    pub const ROFS: i32 = 69;
    pub const SPIPE: i32 = 70;
    pub const XDEV: i32 = 75;
    pub const NOTCAPABLE: i32 = 76;
}

/// Rights of a descriptor, each a bit (typenames.witx).
#[allow(missing_docs)]
pub mod rights {
    pub const FD_READ: u64 = 1 << 1;
    pub const FD_SEEK: u64 = 1 << 2;
    pub const FD_TELL: u64 = 1 << 5;
    pub const FD_WRITE: u64 = 1 << 6;
    pub const FILE: u64 = (1 << 9) - 1 | 1 << 21 | 1 << 22 | 1 << 23 | 1 << 27;
    pub const DIRECTORY: u64 = 0x7fff_fe00 & !(1 << 28) & !(1 << 29) & !(1 << 30) | 1 << 4 | 1 | 1 << 3;
    pub const READ_ONLY: u64 = FD_READ | FD_SEEK | FD_TELL | 1 << 21 | 1 << 7 | 1 << 3;
}

/// Flags of `path_open` and of descriptors.
#[allow(missing_docs)]
pub mod flags {
    pub const CREAT: u32 = 1;
    pub const DIRECTORY: u32 = 2;
    pub const EXCL: u32 = 4;
    pub const TRUNC: u32 = 8;
    pub const APPEND: u32 = 1;
    pub const NONBLOCK: u32 = 4;
    pub const FOLLOW: u32 = 1;
}

/// The functions themselves, and the structures that they read and write.
#[allow(missing_docs)]
pub mod wasi {
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Iovec {
        pub buf: *const u8,
        pub len: usize,
    }

    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    pub struct Fdstat {
        pub filetype: u8,
        pub flags: u16,
        pub base: u64,
        pub inheriting: u64,
    }

    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    pub struct Filestat {
        pub dev: u64,
        pub ino: u64,
        pub filetype: u8,
        pub nlink: u64,
        pub size: u64,
        pub atim: u64,
        pub mtim: u64,
        pub ctim: u64,
    }

    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    pub struct Dirent {
        pub next: u64,
        pub ino: u64,
        pub namlen: u32,
        pub kind: u8,
    }

    /// A clock: `id` is the clock. A descriptor: `id` is the descriptor.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    pub struct Subscription {
        pub userdata: u64,
        pub tag: u8,
        pub id: u32,
        pub timeout: u64,
        pub precision: u64,
        pub flags: u16,
    }

    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    pub struct Event {
        pub userdata: u64,
        pub error: u16,
        pub kind: u8,
        pub nbytes: u64,
        pub flags: u16,
    }

    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub fn args_get(argv: *mut *const u8, buf: *mut u8) -> i32;
        pub fn args_sizes_get(count: *mut u32, bytes: *mut u32) -> i32;
        pub fn clock_res_get(id: u32, res: *mut u64) -> i32;
        pub fn clock_time_get(id: u32, precision: u64, time: *mut u64) -> i32;
        pub fn environ_get(environ: *mut *const u8, buf: *mut u8) -> i32;
        pub fn environ_sizes_get(count: *mut u32, bytes: *mut u32) -> i32;
        pub fn fd_advise(fd: u32, offset: u64, len: u64, advice: u32) -> i32;
        pub fn fd_allocate(fd: u32, offset: u64, len: u64) -> i32;
        pub fn fd_close(fd: u32) -> i32;
        pub fn fd_datasync(fd: u32) -> i32;
        pub fn fd_fdstat_get(fd: u32, stat: *mut Fdstat) -> i32;
        pub fn fd_fdstat_set_flags(fd: u32, flags: u32) -> i32;
        pub fn fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> i32;
        pub fn fd_filestat_get(fd: u32, stat: *mut Filestat) -> i32;
        pub fn fd_filestat_set_size(fd: u32, size: u64) -> i32;
        pub fn fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> i32;
        pub fn fd_pread(fd: u32, iovs: *const Iovec, len: usize, offset: u64, n: *mut u32) -> i32;
        pub fn fd_prestat_get(fd: u32, prestat: *mut [u32; 2]) -> i32;
        pub fn fd_prestat_dir_name(fd: u32, buf: *mut u8, len: usize) -> i32;
        pub fn fd_pwrite(fd: u32, iovs: *const Iovec, len: usize, offset: u64, n: *mut u32) -> i32;
        pub fn fd_read(fd: u32, iovs: *const Iovec, len: usize, n: *mut u32) -> i32;
        pub fn fd_readdir(fd: u32, buf: *mut u8, len: usize, cookie: u64, n: *mut u32) -> i32;
        pub fn fd_renumber(from: u32, to: u32) -> i32;
        pub fn fd_seek(fd: u32, offset: i64, whence: u32, position: *mut u64) -> i32;
        pub fn fd_sync(fd: u32) -> i32;
        pub fn fd_tell(fd: u32, position: *mut u64) -> i32;
        pub fn fd_write(fd: u32, iovs: *const Iovec, len: usize, n: *mut u32) -> i32;
        pub fn path_create_directory(fd: u32, path: *const u8, len: usize) -> i32;
        pub fn path_filestat_get(fd: u32, flags: u32, path: *const u8, len: usize, stat: *mut Filestat) -> i32;
        pub fn path_filestat_set_times(
            fd: u32, flags: u32, path: *const u8, len: usize, atim: u64, mtim: u64, fst: u32,
        ) -> i32;
        pub fn path_link(
            fd: u32, flags: u32, path: *const u8, len: usize, to: u32, new: *const u8, newlen: usize,
        ) -> i32;
        pub fn path_open(
            fd: u32, dirflags: u32, path: *const u8, len: usize, oflags: u32, base: u64, inheriting: u64,
            fdflags: u32, opened: *mut u32,
        ) -> i32;
        pub fn path_readlink(fd: u32, path: *const u8, len: usize, buf: *mut u8, size: usize, n: *mut u32) -> i32;
        pub fn path_remove_directory(fd: u32, path: *const u8, len: usize) -> i32;
        pub fn path_rename(fd: u32, path: *const u8, len: usize, to: u32, new: *const u8, newlen: usize) -> i32;
        pub fn path_symlink(target: *const u8, tlen: usize, fd: u32, path: *const u8, len: usize) -> i32;
        pub fn path_unlink_file(fd: u32, path: *const u8, len: usize) -> i32;
        pub fn poll_oneoff(subs: *const Subscription, events: *mut Event, count: usize, n: *mut u32) -> i32;
        pub fn proc_exit(code: u32) -> !;
        pub fn proc_raise(signal: u32) -> i32;
        pub fn random_get(buf: *mut u8, len: usize) -> i32;
        pub fn sched_yield() -> i32;
        pub fn sock_accept(fd: u32, flags: u32, connection: *mut u32) -> i32;
        pub fn sock_recv(fd: u32, iovs: *const Iovec, len: usize, flags: u32, n: *mut u32, out: *mut u16) -> i32;
        pub fn sock_send(fd: u32, iovs: *const Iovec, len: usize, flags: u32, n: *mut u32) -> i32;
        pub fn sock_shutdown(fd: u32, how: u32) -> i32;
    }
}

use wasi::{Filestat, Iovec};

/// The first preopened directory.
pub const DIR: u32 = 3;

/// A program whose body is `$body`.
#[macro_export]
macro_rules! program {
    ($body:block) => {
        #[unsafe(no_mangle)]
        extern "C" fn __main_void() -> i32 {
            #[allow(unused_unsafe)]
            unsafe {
                $body
            }
            0
        }
    };
}

/// Ends the program with 1, and says where, unless a call gave this errno.
#[macro_export]
macro_rules! check {
    ($call:expr, $errno:expr) => {
        $crate::expect($call as u64, $errno as u64, line!())
    };
    ($call:expr) => {
        $crate::expect($call as u64, 0, line!())
    };
}

/// Ends the program with 1, and says where, unless it holds.
#[macro_export]
macro_rules! holds {
    ($condition:expr) => {
        $crate::expect($condition as u64, 1, line!())
    };
}

/// See `check`.
pub fn expect(got: u64, wanted: u64, line: u32) {
    if got == wanted {
        return;
    }
    print(2, b"line ");
    number(2, line.into());
    print(2, b": got ");
    number(2, got);
    print(2, b", not ");
    number(2, wanted);
    print(2, b"\n");
    unsafe { wasi::proc_exit(1) }
}

/// Writes all of it.
pub fn print(fd: u32, bytes: &[u8]) {
    let mut at = 0;
    while at < bytes.len() {
        let mut n = 0;
        if unsafe { wasi::fd_write(fd, &iovec(&bytes[at..]), 1, &mut n) } != 0 {
            unsafe { wasi::proc_exit(101) }
        }
        at += n as usize;
    }
}

/// Writes it in decimal.
pub fn number(fd: u32, value: u64) {
    let mut digits = [0; 20];
    let mut at = 20;
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    print(fd, &digits[at..]);
}

/// One buffer.
pub fn iovec(bytes: &[u8]) -> Iovec {
    Iovec { buf: bytes.as_ptr(), len: bytes.len() }
}

/// Opens for reading and writing below the first directory; the errno, or the descriptor.
pub fn open(path: &str, oflags: u32) -> Result<u32, i32> {
    open_at(DIR, path, oflags, rights::FILE, 0)
}

/// `path_open` without following a symlink at the end.
pub fn open_at(dir: u32, path: &str, oflags: u32, base: u64, fdflags: u32) -> Result<u32, i32> {
    let mut fd = 0;
    match unsafe { wasi::path_open(dir, 0, path.as_ptr(), path.len(), oflags, base, base, fdflags, &mut fd) } {
        0 => Ok(fd),
        errno => Err(errno),
    }
}

/// The errno with which opening failed, 0 where it did not.
pub fn errno_of(opened: Result<u32, i32>) -> i32 {
    opened.err().unwrap_or(0)
}

/// Makes a file with this content below the first directory, and gives its descriptor.
pub fn file(path: &str, content: &[u8]) -> u32 {
    match open(path, flags::CREAT | flags::TRUNC) {
        Ok(fd) => {
            let mut n = 0;
            check!(unsafe { wasi::fd_pwrite(fd, &iovec(content), 1, 0, &mut n) });
            fd
        }
        Err(errno) => {
            check!(errno);
            0
        }
    }
}

/// What a path below the first directory leads to.
pub fn stat(path: &str) -> Filestat {
    let mut stat = Filestat::default();
    check!(unsafe { wasi::path_filestat_get(DIR, 0, path.as_ptr(), path.len(), &mut stat) });
    stat
}

/// The errno for `path_filestat_get`.
pub fn stat_errno(path: &str) -> i32 {
    let mut stat = Filestat::default();
    unsafe { wasi::path_filestat_get(DIR, 0, path.as_ptr(), path.len(), &mut stat) }
}

/// The errno for `path_create_directory`.
pub fn mkdir(path: &str) -> i32 {
    unsafe { wasi::path_create_directory(DIR, path.as_ptr(), path.len()) }
}

/// The errno for `path_remove_directory`.
pub fn rmdir(path: &str) -> i32 {
    unsafe { wasi::path_remove_directory(DIR, path.as_ptr(), path.len()) }
}

/// The errno for `path_unlink_file`.
pub fn unlink(path: &str) -> i32 {
    unsafe { wasi::path_unlink_file(DIR, path.as_ptr(), path.len()) }
}

/// The errno for `path_rename` within the first directory.
pub fn rename(from: &str, to: &str) -> i32 {
    unsafe { wasi::path_rename(DIR, from.as_ptr(), from.len(), DIR, to.as_ptr(), to.len()) }
}

/// The errno for `path_link` within the first directory.
pub fn link(from: &str, to: &str) -> i32 {
    unsafe { wasi::path_link(DIR, 0, from.as_ptr(), from.len(), DIR, to.as_ptr(), to.len()) }
}

/// The errno for `path_symlink` in the first directory.
pub fn symlink(target: &str, path: &str) -> i32 {
    unsafe { wasi::path_symlink(target.as_ptr(), target.len(), DIR, path.as_ptr(), path.len()) }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
