/* The adapter: settings, and the kit's callbacks around server and reception. */
#ifndef WEBSITE_WEBSITE_H
#define WEBSITE_WEBSITE_H

/* `carehub-website run|check|config`: as kit_main. */
int website_main(int argc, char **argv);

/* `carehub-website sender`: a commented file with every setting of a sender, to standard output.  0, or 2 when
 * it cannot be written. */
int website_print_sender(void);

#endif
