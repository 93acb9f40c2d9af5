#include "pii_rig.h"

#include "pii/detect.h"

/* Numbers that the issuers or their documents print as examples, and a neighbour of each that the
 * check must refuse. */
static const struct {
	const char *kind, *text, *value, *wrong;
} cases[] = {
	{ "ssn", "my SSN is 536-90-4399.", "536-90-4399", NULL },
	{ "itin", "ITIN 912-75-1234", "912-75-1234", NULL },
	{ "npi", "NPI 1234567893", "1234567893", "1234567894" },
	{ "dea", "DEA BB1388568", "BB1388568", "DEA BB1388569" },
	{ "mbi", "MBI 1EG4-TE5-MK73", "1EG4-TE5-MK73", "1EG4-SE5-MK73" },
	{ "sin", "SIN 130 692 544", "130 692 544", "130 692 545" },
	{ "aadhaar", "Aadhaar 3998 7654 3211", "3998 7654 3211", "3998 7654 3212" },
	{ "pan-in", "PAN ABCPA1234Z", "ABCPA1234Z", NULL },
	{ "nhs", "NHS number 401 023 2137", "401 023 2137", NULL },
	{ "nino", "NINO AB123456C", "AB123456C", "GB123456C" },
	{ "uk-utr", "UTR 1955839661", "1955839661", NULL },
	{ "cpf", "CPF 390.533.447-05", "390.533.447-05", "390.533.447-06" },
	{ "cnpj", "CNPJ 16.727.230/0001-97", "16.727.230/0001-97", NULL },
	{ "dni", "DNI 12345678Z", "12345678Z", "12345678A" },
	{ "nie", "NIE X1234567L", "X1234567L", "X1234567A" },
	{ "pesel", "PESEL 44051401359", "44051401359", NULL },
	{ "pl-nip", "NIP 526-025-02-74", "526-025-02-74", "526-025-02-75" },
	{ "codice-fiscale", "codice fiscale RCCMNL83S18D969H", "RCCMNL83S18D969H", NULL },
	{ "fr-nir", "NIR 255081416802538", "255081416802538", NULL },
	{ "bsn", "BSN 111222333", "111222333", NULL },
	{ "tfn", "TFN 123 456 782", "123 456 782", NULL },
	{ "abn", "ABN 51 824 753 556", "51 824 753 556", NULL },
	{ "au-acn", "ACN 004 085 616", "004 085 616", "ACN 004 085 617" },
	{ "au-medicare", "Medicare 2123 45670 1", "2123 45670 1", NULL },
	{ "hetu", "HETU 131052-308T", "131052-308T", "131052-308U" },
	{ "personnummer", "personnummer 811218-9876", "811218-9876", NULL },
	{ "no-fnr", "fødselsnummer 151086 95088", "151086 95088", NULL },
	{ "dk-cpr", "CPR 211062-5629", "211062-5629", NULL },
	{ "is-kennitala", "kennitala 120174-3399", "120174-3399", NULL },
	{ "sg-nric", "NRIC S2740116C", "S2740116C", NULL },
	{ "curp", "CURP BOXW310820HNERXN09", "BOXW310820HNERXN09", NULL },
	{ "cn-id", "11010519491231002X", "11010519491231002X", "110105194912310021" },
	{ "tw-id", "id card A123456789", "A123456789", NULL },
	{ "hk-id", "HKID A123456(3)", "A123456(3)", NULL },
	{ "de-tax-id", "Steuer-ID 36574261809", "36574261809", NULL },
	{ "ch-ahv", "AHV 756.9217.0769.85", "756.9217.0769.85", "756.9217.0769.84" },
	{ "at-svnr", "SVNR 1237 010180", "1237 010180", NULL },
	{ "ie-ppsn", "PPSN 1234567T", "1234567T", "PPSN 1234567U" },
	{ "pt-nif", "NIF 123 456 789", "123 456 789", NULL },
	{ "cz-rodne-cislo", "rodné číslo 710319/2745", "710319/2745", NULL },
	{ "ro-cnp", "CNP 1800101221144", "1800101221144", "1800101221145" },
	{ "bg-egn", "EGN 7523169263", "7523169263", NULL },
	{ "hr-oib", "OIB 33392005961", "33392005961", NULL },
	{ "jmbg", "JMBG 0101006500006", "0101006500006", NULL },
	{ "baltic-id", "isikukood 37605030299", "37605030299", NULL },
	{ "baltic-id", "asmens kodas 38703181745", "38703181745", NULL },
	{ "lv-personas-kods", "personas kods 161175-19997", "161175-19997", NULL },
	{ "gr-amka", "AMKA 01013099997", "01013099997", NULL },
	{ "il-id", "teudat zehut 123456782", "123456782", NULL },
	{ "cl-rut", "RUT 12.345.678-5", "12.345.678-5", "12.345.678-6" },
	{ "ar-cuit", "CUIT 20-05536168-2", "20-05536168-2", "20-05536168-3" },
	{ "ec-cedula", "cédula 171430710-3", "171430710-3", NULL },
	{ "my-mykad", "MyKad 770305-02-1234", "770305-02-1234", NULL },
	{ "id-nik", "NIK 3171011708450001", "3171011708450001", NULL },
	{ "nz-ird", "IRD 49-091-850", "49-091-850", NULL },
	{ "nz-ird", "IRD 136-410-132", "136-410-132", NULL },
	{ "ru-snils", "112-233-445 95", "112-233-445 95", NULL },
	{ "ru-inn", "INN 500100732259", "500100732259", NULL },
	{ "ua-rnokpp", "рнокпп 1759013776", "1759013776", NULL },
	{ "za-id", "RSA ID 8001015009087", "8001015009087", NULL },
	{ "kr-rrn", "RRN 960121-1021413", "960121-1021413", NULL },
	{ "my-number", "My Number 1234 5678 9018", "1234 5678 9018", NULL },
	{ "tr-national-id", "TC 10000000146", "10000000146", NULL },
	{ "th-national-id", "Thai ID 3-1006-00445-63-5", "3-1006-00445-63-5", NULL },
	{ "be-nn", "rijksregisternummer 85.07.30-033.28", "85.07.30-033.28", NULL },
	{ "vin", "VIN 1M8GDM9AXKP042788", "1M8GDM9AXKP042788", NULL },
	{ "imei", "IMEI 490154203237518", "490154203237518", NULL },
	{ "mrz",
	  "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
	  "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
	  "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
	  "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
	  "L898902C36UTO7408123F1204159ZE184226B<<<<<10" },
	{ "mrz",
	  "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\n"
	  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
	  "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\n"
	  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
	  NULL },
};

/* With a value: that it is found, whatever it was taken for; two countries may share a form. */
static bool finds(const char *text, const char *kind, const char *value)
{
	struct gh_pii_matches matches = { 0 };
	bool found = false;

	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *match = &matches.items[i];
		if (match->confidence < 50)
			continue;
		found = found || (value ? match->class == GH_PII_GOV_ID &&
		                              match->end - match->start == strlen(value) &&
		                              memcmp(text + match->start, value, strlen(value)) == 0
		                        : strcmp(match->kind, kind) == 0);
	}
	gh_pii_matches_free(&matches);
	return found;
}

static void the_examples_of_the_issuers_are_found(void **state)
{
	int failed = 0;

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++)
		if (!finds(cases[i].text, cases[i].kind, cases[i].value)) {
			print_error("%s not found in: %s\n", cases[i].kind, cases[i].text);
			failed++;
		}
	assert_int_equal(failed, 0);
}

static void a_wrong_check_digit_is_no_identifier(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++)
		if (cases[i].wrong && finds(cases[i].wrong, cases[i].kind, NULL))
			fail_msg("%s found in: %s", cases[i].kind, cases[i].wrong);
}

static void there_are_at_least_sixty_kinds_with_rules_of_their_own(void **state)
{
	size_t kinds = 0;

	for (size_t i = 0; i < gh_pii_id_count; i++) {
		bool is_new = gh_pii_ids[i].valid != gh_pii_valid_any;
		for (size_t j = 0; j < i; j++)
			is_new = is_new && strcmp(gh_pii_ids[j].kind, gh_pii_ids[i].kind) != 0;
		kinds += is_new;
	}
	assert_true(kinds >= 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_issuers_are_found),
		cmocka_unit_test(a_wrong_check_digit_is_no_identifier),
		cmocka_unit_test(there_are_at_least_sixty_kinds_with_rules_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
