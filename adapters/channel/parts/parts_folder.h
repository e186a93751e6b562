/* `carehub-parts run`, `check` and `config`: the folder that partners drop their interchanges into, as a
 * source for the kit, and the folders that they fetch answers and interchanges from. */
#ifndef PARTS_FOLDER_H
#define PARTS_FOLDER_H

int parts_folder_main(int argc, char **argv);

#endif
