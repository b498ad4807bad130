//! Memory that children do not inherit.

use std::io;
use std::ptr::NonNull;

use super::check;

const PAGE: usize = 4096;

/// A few private bytes on a page of their own: zero in every child (`MADV_WIPEONFORK`), absent from core dumps.
#[derive(Debug)]
pub struct PrivateBytes<const N: usize> {
    page: NonNull<[u8; N]>,
}

// SAFETY: the page is owned by this value alone and reached only through its methods, which follow the borrow rules.
unsafe impl<const N: usize> Send for PrivateBytes<N> {}
// SAFETY: as above; a shared reference only reads.
unsafe impl<const N: usize> Sync for PrivateBytes<N> {}

impl<const N: usize> PrivateBytes<N> {
    /// Moves `bytes` to a page of their own and clears them where they were.
    ///
    /// # Errors
    ///
    /// What mmap(2) and madvise(2) report.
    pub fn take(bytes: &mut [u8; N]) -> io::Result<Self> {
        const { assert!(N <= PAGE, "fits on a page") };
        // SAFETY: a new private anonymous mapping touches no existing memory.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let page = NonNull::new(address.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut private = Self { page };
        for advice in [libc::MADV_WIPEONFORK, libc::MADV_DONTDUMP] {
            // SAFETY: the range is exactly the mapping made above; neither advice changes what it holds.
            check(unsafe { libc::madvise(address, PAGE, advice) }.into())?;
        }
        private.get_mut().copy_from_slice(bytes);
        bytes.fill(0);
        std::hint::black_box(bytes);
        Ok(private)
    }

    /// The bytes.
    #[must_use]
    pub fn get(&self) -> &[u8; N] {
        // SAFETY: the page is mapped, readable, aligned and initialised for as long as this value lives.
        unsafe { self.page.as_ref() }
    }

    fn get_mut(&mut self) -> &mut [u8; N] {
        // SAFETY: as for get, and the mutable borrow of self makes the reference unique.
        unsafe { self.page.as_mut() }
    }
}

impl<const N: usize> Drop for PrivateBytes<N> {
    fn drop(&mut self) {
        self.get_mut().fill(0);
        // SAFETY: the mapping was made by take, has this size, and nothing refers to it any more.
        unsafe { libc::munmap(self.page.as_ptr().cast(), PAGE) };
    }
}

#[cfg(test)]
mod tests {
    use super::PrivateBytes;

    #[test]
    fn takes_the_bytes_and_clears_the_original() {
        let mut original = *b"a secret";
        let private = PrivateBytes::take(&mut original).unwrap();
        assert_eq!(private.get(), b"a secret");
        assert_eq!(original, [0; 8]);
    }
}
