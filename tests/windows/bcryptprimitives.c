/*
 * Stands in for bcryptprimitives.dll where wine is too old to have one (8 is): Rust's standard library asks it for random
 * seeds. For tests under wine only: every Windows since 8 has its own, and it must not be shipped. Invariant: all bytes
 * are filled, or the answer is 0.
 */
#include <windows.h>

/* What advapi32 exports under the name of RtlGenRandom. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length);

BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > 0x10000 ? 0x10000 : (ULONG)length;
        if (!SystemFunction036(data, part))
            return FALSE;
        data += part;
        length -= part;
    }
    return TRUE;
}
