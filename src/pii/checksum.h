/* checksum.h: see checksum.c. All take NUL-terminated, upper-case, separator-free text. */
#ifndef GH_PII_CHECKSUM_H
#define GH_PII_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No digit differs from the first. */
static inline bool gh_pii_all_same(const char *s)
{
	size_t i = 1;

	while (s[0] && s[i] == s[0])
		i++;
	return !s[0] || !s[i];
}

bool gh_pii_luhn(const char *digits, size_t count);
bool gh_pii_verhoeff(const char *digits, size_t count);
bool gh_pii_valid_date(int month, int day); /* of some year */
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

/* checksum_world.c */
bool gh_pii_valid_ahv(const char *s);
bool gh_pii_valid_at(const char *s);
bool gh_pii_valid_ppsn(const char *s);
bool gh_pii_valid_nif_pt(const char *s);
bool gh_pii_valid_nip(const char *s);
bool gh_pii_valid_rodne(const char *s);
bool gh_pii_valid_cnp(const char *s);
bool gh_pii_valid_egn(const char *s);
bool gh_pii_valid_oib(const char *s);
bool gh_pii_valid_jmbg(const char *s);
bool gh_pii_valid_baltic(const char *s);
bool gh_pii_valid_lv(const char *s);
bool gh_pii_valid_taj(const char *s);
bool gh_pii_valid_amka(const char *s);
bool gh_pii_valid_il(const char *s);
bool gh_pii_valid_rut(const char *s);
bool gh_pii_valid_cuit(const char *s);
bool gh_pii_valid_ec(const char *s);
bool gh_pii_valid_rfc(const char *s);
bool gh_pii_valid_tw(const char *s);
bool gh_pii_valid_hkid(const char *s);
bool gh_pii_valid_my(const char *s);
bool gh_pii_valid_nik(const char *s);
bool gh_pii_valid_kennitala(const char *s);
bool gh_pii_valid_ird(const char *s);
bool gh_pii_valid_ae(const char *s);
bool gh_pii_valid_acn(const char *s);
bool gh_pii_valid_dea(const char *s);
bool gh_pii_valid_utr(const char *s);
bool gh_pii_valid_cnic(const char *s);
bool gh_pii_valid_eg(const char *s);
bool gh_pii_valid_iin(const char *s);
bool gh_pii_valid_rnokpp(const char *s);
bool gh_pii_valid_snils(const char *s);
bool gh_pii_valid_inn(const char *s);
bool gh_pii_valid_lu(const char *s);
bool gh_pii_valid_nir_corsica(const char *s);
bool gh_pii_valid_kr_passport(const char *s);
bool gh_pii_valid_it_driver(const char *s);
bool gh_pii_valid_de_proven9(const char *s);
bool gh_pii_valid_nhs_only(const char *s);
bool gh_pii_valid_kr_proven(const char *s);

#endif
