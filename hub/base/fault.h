/* Named places where a test may stop the process dead, make a call fail, or hold a thread.  Nothing
 * in a product build; with CH_FAULTS the environment variable CAREHUB_FAULTS arms them:
 * "journal.sync:kill@120,checkpoint.commit:kill@3,journal.write:enospc@50".  Each point counts its
 * passes; what happens at the given pass is kill (SIGKILL to itself), enospc or eio (the wrapped
 * call fails), sleep. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef CH_FAULTS

/* 0, or the errno that the place must fail with. */
int fault_at(const char *point);

#else

#define fault_at(point) 0

#endif
#endif
