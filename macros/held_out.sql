{#- True where a person falls to the control group of a hold-out, by the draw that `python -m sync`
    makes when the hold-out's salt is `holdout` and its share `percent`. Null for a null identity.

    The draw moves with the percentage; the arms that are in force stand in the table `holdouts`
    of the state, and are never drawn again: see held_out_by(). -#}
{% macro held_out(holdout, identity, percent) -%}
    {%- if percent is not number or percent < 0 or percent > 100 -%}
        {{ exceptions.raise_compiler_error(
            "held_out(): `percent` is `" ~ percent ~ "`. fix: write a number from 0 to 100"
        ) }}
    {%- endif -%}
    {{ activation.stable_bucket('holdout:' ~ holdout, activation._person(identity)) }} < {{ (percent * 100) | round | int }}
{%- endmacro %}
