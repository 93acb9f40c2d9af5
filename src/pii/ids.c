/* The identifiers that we know: one row each, nothing else knows their names. `alone` holds when
 * the printed groups fit; weak checksums (one in ten or eleven numbers passes) need words nearby or
 * a field of their own. */
#include "pii/detect.h"

#define GOV  GH_PII_GOV_ID
#define CARD GH_PII_PAYMENT_CARD
#define ROW(kind, shape, groups, valid, alone, bare, context, words, class, letters)               \
	{                                                                                          \
		kind, shape, groups, valid, alone, bare, context, words, class, sizeof(shape) - 1, \
		    letters                                                                        \
	}
#define DIGITS(kind, shape, groups, valid, alone, bare, context, words, class)                     \
	ROW(kind, shape, groups, gh_pii_valid_##valid, alone, bare, context, words, class, false)
#define CODE(kind, shape, valid, alone, bare, context, words)                                      \
	ROW(kind, shape, NULL, gh_pii_valid_##valid, alone, bare, context, words, GOV, true)

const struct gh_pii_id gh_pii_ids[] = {
	/* digits */
	DIGITS("ssn", "999999999", "324", ssn, 86, 56, 97, GH_W_SSN, GOV),
	DIGITS("itin", "999999999", "324", itin, 86, 56, 97, GH_W_ITIN, GOV),
	DIGITS("ein", "999999999", "27", ein, 55, 55, 95, GH_W_EIN, GOV),
	DIGITS("sin", "999999999", "333", sin, 66, 58, 97, GH_W_SIN, GOV),
	DIGITS("aadhaar", "999999999999", "444", aadhaar, 80, 66, 98, GH_W_AADHAAR, GOV),
	DIGITS("nhs", "9999999999", "334", nhs, 52, 60, 97, GH_W_NHS, GOV),
	DIGITS("pesel", "99999999999", "x", pesel, 62, 70, 97, GH_W_PESEL, GOV),
	DIGITS("cpf", "99999999999", "3332", cpf, 92, 72, 98, GH_W_CPF, GOV),
	DIGITS("cnpj", "99999999999999", "23342", cnpj, 92, 72, 98, GH_W_CNPJ, GOV),
	DIGITS("bsn", "999999999", "9", bsn, 0, 52, 96, GH_W_BSN, GOV),
	DIGITS("de-tax-id", "99999999999", "x", de_tax, 0, 62, 96, GH_W_DE_TAX, GOV),
	DIGITS("tfn", "999999999", "333", tfn, 52, 57, 96, GH_W_TFN, GOV),
	DIGITS("au-medicare", "9999999999", "451", medicare_au, 75, 58, 96, GH_W_MEDICARE, GOV),
	DIGITS("abn", "99999999999", "2333", abn, 0, 52, 90, GH_W_ABN, GOV),
	DIGITS("npi", "9999999999", "x", npi, 0, 61, 96, GH_W_NPI, GOV),
	DIGITS("tr-national-id", "99999999999", "x", tr, 60, 74, 96, GH_W_TR, GOV),
	DIGITS("th-national-id", "9999999999999", "14521", th, 85, 71, 95, GH_W_TH, GOV),
	DIGITS("za-id", "9999999999999", "x", za, 66, 76, 96, GH_W_ZA, GOV),
	DIGITS("kr-rrn", "9999999999999", "67", kr, 85, 64, 96, GH_W_KR, GOV),
	DIGITS("cn-id", "999999999999999999", "x", cn, 92, 95, 98, GH_W_CN, GOV),
	DIGITS("personnummer", "9999999999", "64", se, 70, 62, 96, GH_W_SE, GOV),
	DIGITS("personnummer", "999999999999", "84", se_long, 75, 72, 97, GH_W_SE, GOV),
	DIGITS("my-number", "999999999999", "444", my_number, 0, 54, 96, GH_W_MY_NUMBER, GOV),
	DIGITS("it-vat", "99999999999", "x", it_vat, 0, 52, 90, GH_W_IT_VAT, GOV),
	DIGITS("ph-tin", "999999999", "333", any, 0, 0, 82, GH_W_PH_TIN, GOV),
	DIGITS("ph-tin", "999999999999", "3333", any, 0, 0, 82, GH_W_PH_TIN, GOV),
	DIGITS("kr-driver", "999999999999", "2262", kr_driver, 65, 0, 92, GH_W_DRIVER, GOV),
	DIGITS("passport", "999999999", "9", any, 0, 0, 90, GH_W_PASSPORT, GOV),
	DIGITS("passport", "99999999", "8", any, 0, 0, 86, GH_W_PASSPORT, GOV),
	DIGITS("driver-license", "9999999", "7", any, 0, 0, 86, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "99999999", "8", any, 0, 0, 88, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "999999999", "9", any, 0, 0, 89, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "9999999999", "x", any, 0, 0, 88, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "9999999999", "424", any, 0, 0, 88, GH_W_DRIVER, GOV),
	DIGITS("aba-routing", "999999999", "9", aba, 0, 60, 97, GH_W_ABA, CARD),
	DIGITS("bank-account", "9999999", "7", any, 0, 0, 84, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "99999999", "8", any, 0, 0, 87, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "999999999", "9", any, 0, 0, 88, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "9999999999", "x", any, 0, 0, 90, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "99999999999", "x", any, 0, 0, 90, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "999999999999", "x", any, 0, 0, 90, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "99999999999999", "x", any, 0, 0, 86, GH_W_ACCOUNT, CARD),
	DIGITS("fr-nir", "999999999999999", "x", nir, 88, 90, 97, GH_W_NIR, GOV),
	DIGITS("imei", "999999999999999", "x", imei, 0, 0, 92, GH_W_IMEI, GOV),
	DIGITS("no-fnr", "99999999999", "65", fnr, 80, 72, 96, GH_W_FNR, GOV),
	DIGITS("be-nn", "99999999999", "x", be, 60, 70, 96, GH_W_BE, GOV),
	DIGITS("dk-cpr", "9999999999", "64", cpr, 0, 0, 92, GH_W_CPR, GOV),
	/* with letters */
	CODE("curp", "AAAA999999AAAAAAX9", curp, 95, 95, 98, GH_W_CURP),
	CODE("vin", "XXXXXXXXXXXXXXXXX", vin, 0, 60, 92, GH_W_VIN),
	CODE("dni", "9999999A", dni7, 0, 56, 90, GH_W_DNI),
	CODE("de-passport", "AXXXXXXXX", de_document9, 0, 56, 90, GH_W_PASSPORT),
	CODE("kr-passport", "A999A9999", any, 58, 62, 92, GH_W_PASSPORT),
	CODE("dni", "99999999A", dni, 90, 92, 97, GH_W_DNI),
	CODE("nie", "A9999999A", nie, 92, 94, 97, GH_W_NIE),
	CODE("nino", "AA999999A", nino, 88, 90, 97, GH_W_NINO),
	CODE("codice-fiscale", "AAAAAA99A99A999A", codice_fiscale, 95, 95, 98, GH_W_CODICE),
	CODE("codice-fiscale", "AAAAAA99A99A999A", any, 60, 62, 88, GH_W_CODICE),
	CODE("pan-in", "AAAAA9999A", pan_in, 78, 84, 96, GH_W_PAN_IN),
	CODE("mbi", "9AX9AX9AA99", mbi, 86, 90, 97, GH_W_MBI),
	CODE("uk-driver", "AAAAA999999AA9AA", uk_driver, 80, 85, 95, GH_W_DRIVER),
	CODE("sg-nric", "A9999999A", sg, 88, 90, 97, GH_W_SG),
	CODE("hetu", "999999A999X", fi, 90, 92, 97, GH_W_FI),
	CODE("hetu", "999999-999X", fi, 90, 92, 97, GH_W_FI),
	CODE("in-voter", "AAA9999999", any, 50, 60, 92, GH_W_VOTER),
	CODE("passport", "AA9999999", any, 0, 54, 92, GH_W_PASSPORT),
	CODE("passport", "A9999999", any, 0, 54, 92, GH_W_PASSPORT),
	CODE("passport", "A99999999", any, 0, 56, 92, GH_W_PASSPORT),
	CODE("passport", "AAA999999", any, 0, 56, 92, GH_W_PASSPORT),
	CODE("passport", "A999A9999", any, 0, 56, 92, GH_W_PASSPORT),
	CODE("passport", "A9999999A", any, 0, 54, 88, GH_W_PASSPORT),
	CODE("de-passport", "AXXXXXXXX9", de_document, 0, 70, 94, GH_W_PASSPORT),
	CODE("de-social", "99999999A999", de_social, 88, 90, 97, GH_W_DE_SOCIAL),
	CODE("de-health", "A999999999", de_health, 0, 72, 96, GH_W_DE_HEALTH),
	CODE("it-driver", "AA9999999A", any, 54, 60, 92, GH_W_DRIVER),
	CODE("it-identity-card", "AA99999AA", any, 0, 58, 92, GH_W_IT_CARD),
	CODE("it-identity-card", "AA9999999", any, 0, 54, 92, GH_W_IT_CARD),
	CODE("cn-id", "99999999999999999A", cn, 92, 95, 98, GH_W_CN),
	CODE("driver-license", "A9999999", any, 0, 0, 90, GH_W_DRIVER),
	CODE("driver-license", "A99999999999", any, 0, 0, 92, GH_W_DRIVER),
	CODE("driver-license", "A999999999999", any, 0, 0, 92, GH_W_DRIVER),
	CODE("driver-license", "A99999999", any, 0, 0, 88, GH_W_DRIVER),
	CODE("driver-license", "A9999999999", any, 0, 0, 88, GH_W_DRIVER),
	CODE("driver-license", "AA999999", any, 0, 0, 88, GH_W_DRIVER),
};
const size_t gh_pii_id_count = GH_ARRAY_LEN(gh_pii_ids);
_Static_assert(GH_ARRAY_LEN(gh_pii_ids) <= 128, "the index of identifiers is too small");

static void add_row(struct gh_pii_id_index *out, size_t at, size_t id)
{
	const char *shape = gh_pii_ids[id].shape;

	out->row[at] = (uint8_t)id;
	for (size_t i = 0; shape[i]; i++) {
		out->letters[at] |= (uint32_t)(shape[i] == 'A') << i;
		out->digits[at] |= (uint32_t)(shape[i] == '9') << i;
	}
}

void gh_pii_id_index_make(struct gh_pii_id_index *out)
{
	size_t count = 0;

	for (size_t len = 0; len <= GH_PII_ID_MAX; len++) {
		out->of[len] = (uint8_t)count;
		for (size_t i = 0; i < gh_pii_id_count; i++)
			if (gh_pii_ids[i].len == len)
				add_row(out, count++, i);
	}
	out->of[GH_PII_ID_MAX + 1] = (uint8_t)count;
}
