/* SPDX-License-Identifier: MIT */
/*
 * pin.h - keep the library's code in memory. Read next: pin.c, which says why.
 */
#ifndef VMS_SYNC_PIN_H
#define VMS_SYNC_PIN_H

/* From now on dlclose() does not unmap the object that contains the library. */
void vms__object_pin(void);

#endif
