/* checksum.h: see checksum.c. All take NUL-terminated, upper-case, separator-free text. */
#ifndef GH_PII_CHECKSUM_H
#define GH_PII_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool gh_pii_luhn(const char *digits, size_t count);
bool gh_pii_card_prefix(const char *digits, size_t count, const char **kind);
bool gh_pii_iban_valid(const char *text, size_t len);

bool gh_pii_valid_any(const char *s);
bool gh_pii_valid_ssn(const char *s);
bool gh_pii_valid_itin(const char *s);
bool gh_pii_valid_ein(const char *s);
bool gh_pii_valid_sin(const char *s);
bool gh_pii_valid_npi(const char *s);
bool gh_pii_valid_aba(const char *s);
bool gh_pii_valid_aadhaar(const char *s);
bool gh_pii_valid_nhs(const char *s);
bool gh_pii_valid_pesel(const char *s);
bool gh_pii_valid_cpf(const char *s);
bool gh_pii_valid_cnpj(const char *s);
bool gh_pii_valid_bsn(const char *s);
bool gh_pii_valid_de_tax(const char *s);
bool gh_pii_valid_tfn(const char *s);
bool gh_pii_valid_medicare_au(const char *s);
bool gh_pii_valid_abn(const char *s);
bool gh_pii_valid_tr(const char *s);
bool gh_pii_valid_th(const char *s);
bool gh_pii_valid_za(const char *s);
bool gh_pii_valid_kr(const char *s);
bool gh_pii_valid_cn(const char *s);
bool gh_pii_valid_se(const char *s);
bool gh_pii_valid_se_long(const char *s);
bool gh_pii_valid_my_number(const char *s);
bool gh_pii_valid_it_vat(const char *s);
bool gh_pii_valid_nir(const char *s);
bool gh_pii_valid_imei(const char *s);
bool gh_pii_valid_fnr(const char *s);
bool gh_pii_valid_be(const char *s);
bool gh_pii_valid_cpr(const char *s);
bool gh_pii_valid_kr_driver(const char *s);
bool gh_pii_valid_curp(const char *s);
bool gh_pii_valid_vin(const char *s);
bool gh_pii_valid_dni7(const char *s);
bool gh_pii_valid_de_document9(const char *s);
bool gh_pii_valid_dni(const char *s);
bool gh_pii_valid_nie(const char *s);
bool gh_pii_valid_nino(const char *s);
bool gh_pii_valid_codice_fiscale(const char *s);
bool gh_pii_valid_pan_in(const char *s);
bool gh_pii_valid_mbi(const char *s);
bool gh_pii_valid_sg(const char *s);
bool gh_pii_valid_fi(const char *s);
bool gh_pii_valid_de_document(const char *s);
bool gh_pii_valid_de_social(const char *s);
bool gh_pii_valid_de_health(const char *s);
bool gh_pii_valid_uk_driver(const char *s);

#endif
