/* pii_scan.h: gatehouse pii scan. */
#ifndef GH_CLI_PII_SCAN_H
#define GH_CLI_PII_SCAN_H

int gh_cli_pii_scan(int argc, char **argv);

#endif
