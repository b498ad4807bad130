//! Standing still: all of this machine's state put into its memory, so that another machine whose memory is a copy goes
//! on where this one stopped.
//!
//! The kernel can do all of it but the last step. To jump to another kernel and back (kexec_load(2) with
//! `KEXEC_PRESERVE_CONTEXT`) it stops devices, timers and all processors but one, saves what it will need, and calls a
//! function in physical memory. When that returns, it starts everything again, in the belief that another kernel has run
//! meanwhile. Our function does not return: it says so on the console and halts. In the other machine its first
//! instruction is entered as a kernel is, in 32-bit protected mode without paging; it goes back to 64-bit mode and
//! returns at last.

use std::arch::global_asm;
use std::io;
use std::ptr;

use super::check;

/// Where a processor goes on, and the function is: a physical address in the first MiB, which Linux leaves alone.
pub const ENTRY: usize = 0x60000;

/// The page with the function, and a page table in three levels that maps the first 2 MiB to themselves.
const PAGES: usize = 4;
const PAGE: usize = 4096;

global_asm!(
    r#"
    .pushsection .rodata.standstill, "a", @progbits
    .balign 16
    .globl caisson_standstill_begin
    .globl caisson_standstill_call
    .globl caisson_standstill_end

// Entered by a processor in 32-bit protected mode with flat segments, without paging and interrupts.
caisson_standstill_begin:
    .code32
    lgdt {entry} + .Lgdt_register - caisson_standstill_begin
    movl {entry} + .Lcr4 - caisson_standstill_begin, %eax
    movl %eax, %cr4
    movl ${entry} + 0x1000, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx          // EFER: SDM vol. 4, table 2-2
    movl {entry} + .Lefer - caisson_standstill_begin, %eax
    movl {entry} + .Lefer + 4 - caisson_standstill_begin, %edx
    andl $~0x400, %eax              // LMA is the processor's to set
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax           // PG
    movl %eax, %cr0
    ljmp $0x10, ${entry} + .Llong_mode - caisson_standstill_begin
    .code64
.Llong_mode:
    movl $0x18, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movq .Lcr3(%rip), %rax
    movq %rax, %cr3
    movq .Lrsp(%rip), %rsp
    ret

// Called by the kernel in 64-bit mode; all memory is mapped to itself.
caisson_standstill_call:
    movq %rsp, .Lrsp(%rip)
    movq %cr3, %rax
    movq %rax, .Lcr3(%rip)
    movq %cr4, %rax
    movq %rax, .Lcr4(%rip)
    movl $0xc0000080, %ecx
    rdmsr
    movl %eax, .Lefer(%rip)
    movl %edx, .Lefer + 4(%rip)
    movq ${entry} + 0x2003, caisson_standstill_begin + 0x1000(%rip)  // PML4[0]: present, writable
    movq ${entry} + 0x3003, caisson_standstill_begin + 0x2000(%rip)  // PDPT[0]
    movq $0x83, caisson_standstill_begin + 0x3000(%rip)              // PD[0]: 2 MiB
    leaq .Lmark(%rip), %rsi
.Lcharacter:
    movw $0x3fd, %dx                // 16550: line status; bit 5: ready for the next
    inb %dx, %al
    testb $0x20, %al
    jz .Lcharacter
    lodsb
    testb %al, %al
    jz .Lhalt
    movw $0x3f8, %dx
    outb %al, %dx
    jmp .Lcharacter
.Lhalt:
    cli
    hlt
    jmp .Lhalt

    .balign 8
.Lrsp:  .quad 0
.Lcr3:  .quad 0
.Lcr4:  .quad 0
.Lefer: .quad 0
// The selectors of Linux: what is in the registers stays valid when it loads its own table.
.Lgdt:  .quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
.Lgdt_register:
    .word 31
    .long {entry} + .Lgdt - caisson_standstill_begin
.Lmark: .asciz "\ncaisson-init: waiting for devices\n"
caisson_standstill_end:
    .popsection
    "#,
    entry = const ENTRY,
    options(att_syntax),
);

unsafe extern "C" {
    #[link_name = "caisson_standstill_begin"]
    static BEGIN: u8;
    #[link_name = "caisson_standstill_call"]
    static CALL: u8;
    #[link_name = "caisson_standstill_end"]
    static END: u8;
}

/// `struct kexec_segment` of linux/kexec.h.
#[repr(C)]
struct Segment {
    buffer: *const u8,
    buffer_size: libc::size_t,
    memory: usize,
    memory_size: libc::size_t,
}

/// Stands still, and returns in another machine.
///
/// # Errors
///
/// What kexec_load(2) and reboot(2) report: `ENOSYS` from a kernel without `CONFIG_KEXEC`, `EINVAL` from one without
/// `CONFIG_KEXEC_JUMP`. Nothing has happened then.
pub fn stand_still() -> io::Result<()> {
    const KEXEC_PRESERVE_CONTEXT: libc::c_ulong = 2;
    const KEXEC_ARCH_X86_64: libc::c_ulong = 62 << 16;
    let begin = &raw const BEGIN;
    let length = |end: *const u8| end.addr() - begin.addr();
    let segment =
        Segment { buffer: begin, buffer_size: length(&raw const END), memory: ENTRY, memory_size: PAGES * PAGE };
    let call = ENTRY + length(&raw const CALL);
    let flags = KEXEC_ARCH_X86_64 | KEXEC_PRESERVE_CONTEXT;
    // SAFETY: the kernel copies the one segment, whose buffer is the code above; nothing of this process changes.
    check(unsafe { libc::syscall(libc::SYS_kexec_load, call, 1, &raw const segment, flags) })?;
    // SAFETY: the kernel calls the code above, which changes nothing but its own pages, and goes on as before.
    let jumped = check(unsafe { libc::reboot(libc::LINUX_REBOOT_CMD_KEXEC) }.into());
    // SAFETY: no segments: the kernel forgets the copy and takes its memory back.
    let forgotten =
        check(unsafe { libc::syscall(libc::SYS_kexec_load, 0, 0, ptr::null::<Segment>(), KEXEC_ARCH_X86_64) });
    jumped.and(forgotten).map(drop)
}
