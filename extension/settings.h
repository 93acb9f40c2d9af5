/* settings.h: the module's settings; all belong to the server's configuration. */
#ifndef GATEHOUSE_SETTINGS_H
#define GATEHOUSE_SETTINGS_H

extern char *gatehouse_key_file;      /* gatehouse.key_file: a JWK set */
extern char *gatehouse_issuer;        /* gatehouse.issuer: iss of database tokens */
extern char *gatehouse_guarded_roles; /* gatehouse.guarded_roles: comma-separated */

#endif
