{#- True where a number is at least `at_least` and at most `at_most`; either may be left out.
    Never null: an unknown value passes no gate. -#}
{% macro value_gate(column, at_least=none, at_most=none) -%}
    {%- for bound in [at_least, at_most] if bound is not none and bound is not number -%}
        {{ exceptions.raise_compiler_error(
            "value_gate(): the bound `" ~ bound ~ "` is not a number. fix: write at_least=50"
        ) }}
    {%- endfor -%}
    {%- set conditions = [] -%}
    {%- if at_least is not none -%}{%- do conditions.append(column ~ ' >= ' ~ at_least) -%}{%- endif -%}
    {%- if at_most is not none -%}{%- do conditions.append(column ~ ' <= ' ~ at_most) -%}{%- endif -%}
    {%- if not conditions -%}
        {{ exceptions.raise_compiler_error(
            "value_gate(): neither at_least nor at_most is given. fix: write at_least=50"
        ) }}
    {%- endif -%}
    coalesce({{ conditions | join(' and ') }}, false)
{%- endmacro %}
