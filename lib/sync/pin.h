/* SPDX-License-Identifier: MIT */
/* pin.h - keep the object that holds the library in memory. See pin.c. */
#ifndef VMS_SYNC_PIN_H
#define VMS_SYNC_PIN_H

/* From now on dlclose() leaves the library where it is. */
void vms__object_pin(void);

#endif
